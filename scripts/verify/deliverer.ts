/** The name of the Worker that hands batches to the consumer of the queue. */
export const delivererName = "deliverer";

/**
 * A Worker that hands batches to the consumer of `service` and tells what came of them, within the runtime: what
 * Miniflare's own proxy does to every message costs more than its processing.
 */
export const delivererWorker = (service: string, compatibilityDate: string) => ({
  name: delivererName,
  compatibilityDate,
  compatibilityFlags: ["service_binding_extra_handlers"],
  modules: true,
  script: `
    export default {
      async fetch(request, { SERVICE }) {
        const { queue, messages } = await request.json();
        const batch = messages.map((message) => ({ ...message, timestamp: new Date(message.timestamp) }));
        return Response.json(await SERVICE.queue(queue, batch));
      },
    };`,
  serviceBindings: { SERVICE: service },
  unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
});
