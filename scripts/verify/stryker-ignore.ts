import type { babel } from "@stryker-mutator/core";

/**
 * Why no test can tell a piece of code from its mutants: because it only runs when the code itself is wrong.
 *
 * - What a defect's error says. Whether it is thrown is mutated all the same.
 * - Functions that return `never`, and the `default` of a switch that calls one: the compiler has shown that no value
 *   gets there.
 */
function whyIgnored(path: babel.NodePath): string | undefined {
  if (path.isThrowStatement()) return "the words of a defect";
  if (path.isFunctionDeclaration()) {
    const { returnType } = path.node;
    const isNever = returnType?.type === "TSTypeAnnotation" && returnType.typeAnnotation.type === "TSNeverKeyword";
    return isNever ? "the compiler shows that it is never called" : undefined;
  }
  if (path.isSwitchCase() && path.node.test === null) {
    const [only] = path.node.consequent;
    const call = only?.type === "ReturnStatement" && only.argument?.type === "CallExpression" ? only.argument : null;
    const isNever = call?.callee.type === "Identifier" && call.callee.name === "unreachable";
    return isNever ? "the compiler shows that it is never reached" : undefined;
  }
  return undefined;
}

/** What Stryker loads from this file. */
export const strykerPlugins = [{ kind: "Ignore", name: "unreachable", value: { shouldIgnore: whyIgnored } }];
