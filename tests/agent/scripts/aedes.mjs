// A broker: node aedes.mjs PATH_OF_AEDES PORT. Prints what clients do.

import { createServer } from "node:net";

const { Aedes } = await import(process.argv[2]);
const broker = await Aedes.createBroker();
for (const event of ["client", "clientDisconnect", "clientError", "connectionError"]) {
  broker.on(event, (client, error) => console.log(event, client?.id, error?.message ?? ""));
}
createServer(broker.handle).listen(Number(process.argv[3]), "127.0.0.1");
