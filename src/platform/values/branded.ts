declare const brand: unique symbol;

/** A primitive that only its own parser can make, so that a customer's id is never taken for a tenant's. */
export type Branded<Primitive, Name extends string> = Primitive & { readonly [brand]: Name };
