// Sends one file with tus-js-client: node send.mjs FILE '{"endpoint": ..., "stream": true, ...}'
import { createReadStream, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const tus = createRequire(join(process.cwd(), "package.json"))("tus-js-client");
const [file, asked] = process.argv.slice(2);
const { stream, terminate, ...options } = JSON.parse(asked);

const upload = new tus.Upload(stream ? createReadStream(file) : readFileSync(file), {
  retryDelays: [0, 200, 500, 1000],
  ...options,
  onError(error) {
    console.error(String(error));
    process.exit(1);
  },
  async onSuccess() {
    if (terminate) await upload.abort(true);
    console.log(upload.url);
  },
});
upload.start();
