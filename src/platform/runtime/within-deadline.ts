/**
 * Waits for `work`, but no longer than `deadlineMs`. Work that takes longer continues unobserved.
 * @param expired makes the error that is thrown when the time is over
 */
export async function withinDeadline<T>(work: Promise<T>, deadlineMs: number, expired: () => Error): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | null = null;
  const expiry = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(expired()), deadlineMs);
  });
  try {
    return await Promise.race([work, expiry]);
  } finally {
    clearTimeout(timer);
  }
}
