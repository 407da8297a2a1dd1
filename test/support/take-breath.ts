/**
 * Lets the local runtime's timers have their say. It looks at them only when it has nothing else to do, and a test that
 * calls the service within the same process always gives it something: without a breath, no pause and no deadline would
 * ever end, neither the test runner's nor the service's.
 */
export const takeBreath = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));
