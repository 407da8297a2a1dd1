/** The API client that a test gives a tenant. */
export const clientIdOf = (tenant: string): string => `client-${tenant}`;
export const clientSecretOf = (tenant: string): string => `secret-of-${clientIdOf(tenant)}`;
