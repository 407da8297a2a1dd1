import { completedOrder } from "./order-events.ts";

/** A line as the order service shows it, of some 3 KB. */
export const wholeLine = (index: number) => ({
  id: `line-${index}`,
  itemYrn: `urn:yaas:saasag:caasproduct:product:test;P${index}`,
  amount: 1,
  orderedAmount: 1,
  unitPrice: 10,
  totalPrice: 10,
  product: {
    id: `P${index}`,
    name: `Product ${index}`,
    description: "A sturdy thing, made to last, with words about it that nobody needs here. ".repeat(32),
    images: [{ id: `image-${index}`, url: `https://images.example/${index}` }],
  },
  price: { priceId: `price-${index}`, currency: "EUR", originalAmount: 10, effectiveAmount: 10 },
  calculatedPrice: { finalPrice: { netValue: 8.4, grossValue: 10, taxValue: 1.6, taxCode: "STANDARD", taxRate: 19 } },
});

/** A line that has nothing but what the service reads. */
export const bareLine = (index: number) => ({
  id: `line-${index}`,
  amount: 1,
  unitPrice: 10,
  product: { id: `P${index}` },
  calculatedPrice: { finalPrice: { netValue: 8.4, grossValue: 10 } },
});

/** A completed order of so many lines, each worth 10, that names its customer in an address, too. */
export const longOrder = (
  id: string,
  customerId: string,
  lines: number,
  line: (index: number) => object = wholeLine,
) => ({
  type: "order.updated",
  payload: completedOrder(id, {
    customer: { id: customerId, firstName: "Erika", email: "erika@example.com" },
    billingAddress: { contactName: "Erika Mustermann", street: "Heidestr. 17" },
    calculatedPrice: { finalPrice: { netValue: lines * 8.4, grossValue: lines * 10 } },
    entries: Array.from({ length: lines }, (_, index) => line(index)),
  }),
});
