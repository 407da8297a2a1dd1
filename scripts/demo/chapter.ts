import type { Journey } from "./journey.ts";

/** A part of the story. It may use what the chapters before it have left behind. */
export interface Chapter {
  readonly title: string;
  play(journey: Journey): Promise<void>;
}

/** The customer's balance is `points`. */
export const expectBalance = (journey: Journey, points: number) =>
  journey.call("customer", { method: "GET", path: "/reward-points/public/customer" }, { status: 200, body: points });

/** Until when the birthday's points are valid: for two weeks. */
export const giftEnd = ({ startedAt }: Journey): Date => new Date(startedAt.getTime() + 14 * 86_400_000);
