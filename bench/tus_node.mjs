// @tus/server on Node.js with its file store: node bench/tus_node.mjs FOLDER PORT
import { createRequire } from "node:module";
import { join } from "node:path";

const load = createRequire(join(process.cwd(), "package.json"));
const { Server } = load("@tus/server");
const { FileStore } = load("@tus/file-store");
const [folder, port] = process.argv.slice(2);
new Server({ path: "/uploads", datastore: new FileStore({ directory: folder }) }).listen({
  host: "127.0.0.1",
  port: Number(port),
});
