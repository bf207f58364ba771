// Prints the shop's events: node consume.mjs SERVERS TOPIC GROUP
import { Kafka as Binding } from "cloudevents";
import { Kafka } from "kafkajs";

const [servers, topic, groupId] = process.argv.slice(2);
const kafka = new Kafka({ brokers: servers.split(","), logLevel: 1 });
const consumer = kafka.consumer({ groupId }); // a name of your own: the shop's group is its own

async function handle(event) {
  // Do it so that doing it twice does no harm: event.id is the same the second time.
  console.log(event.id, event.type, event.subject, JSON.stringify(event.data));
}

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => consumer.disconnect().then(() => process.exit(0)));
}
await consumer.connect();
await consumer.subscribe({ topic, fromBeginning: true });
await consumer.run({
  eachMessage: async ({ partition, message }) => {
    const headers = {};
    for (const [name, value] of Object.entries(message.headers ?? {})) headers[name] = String(value);
    let event;
    try {
      event = Binding.toEvent({ headers, key: message.key, value: message.value.toString() });
    } catch (error) {
      console.error(`${partition}/${message.offset}: ${error.message}`); // no event: go on behind it
      return;
    }
    await handle(event);
  },
});
