// Sends one file with tus-js-client: node send.mjs FILE '{"endpoint": ..., "stream": true, ...}'
import { createReadStream, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { PassThrough } from "node:stream";

const tus = createRequire(join(process.cwd(), "package.json"))("tus-js-client");
const [file, asked] = process.argv.slice(2);
const { stream, terminate, ...options } = JSON.parse(asked);

// A stream whose end nobody knows, as a recorder gives it.
const source = stream ? createReadStream(file).pipe(new PassThrough()) : readFileSync(file);
const upload = new tus.Upload(source, {
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
