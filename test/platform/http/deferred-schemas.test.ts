import { z } from "@hono/zod-openapi";
import { describe, expect, test } from "vitest";
import { deferred, deferredMembers } from "../../../src/platform/http/schemas/deferred.ts";

/** Makes `make` count how often it is called. */
function counted<Made>(make: () => Made) {
  const counter = {
    timesMade: 0,
    make: () => {
      counter.timesMade++;
      return make();
    },
  };
  return counter;
}

describe("a deferred schema", () => {
  test("is made by the first value that it checks, and once", () => {
    const points = counted(() => z.int());
    const schema = deferred(points.make);
    const list = z.array(schema.optional());
    expect(points.timesMade).toBe(0);
    expect(list.parse([4, undefined])).toEqual([4, undefined]);
    expect(schema.parse(5)).toBe(5);
    expect(schema.safeParse("5").error?.issues).toMatchObject([{ code: "invalid_type", path: [] }]);
    expect(schema.unwrap().parse(6)).toBe(6);
    expect(points.timesMade).toBe(1);
  });
});

describe("deferred members", () => {
  test("are made by the first value that their object checks, and once", async () => {
    const code = counted(() => z.string().min(3));
    const tenant = z.object({ tenant: z.string() });
    const schema = tenant.extend(deferredMembers({ code: code.make })).superRefine(() => {});
    expect(code.timesMade).toBe(0);
    expect(await schema.safeParseAsync({ tenant: "demo", code: "abc" })).toMatchObject({
      success: true,
      data: { tenant: "demo", code: "abc" },
    });
    expect(schema.safeParse({ tenant: "demo", code: "a" }).error?.issues).toMatchObject([{ path: ["code"] }]);
    expect(Object.keys(schema.shape)).toEqual(["tenant", "code"]);
    expect(code.timesMade).toBe(1);
  });
});
