// Lays a .gz beside each built file, and refuses a build whose script is heavier than the first screen may be.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const STATIC = new URL("../../static/", import.meta.url);
const MAX_SCRIPT_BYTES = 150_000;
const COMPRESSIBLE = /\.(js|css|html|svg)$/;

let scriptBytes = 0;
for (const entry of readdirSync(STATIC, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !COMPRESSIBLE.test(entry.name)) continue;
  const path = `${entry.parentPath}/${entry.name}`;
  const packed = gzipSync(readFileSync(path), { level: 9 });
  writeFileSync(`${path}.gz`, packed);
  if (entry.name.endsWith(".js")) scriptBytes += packed.length;
}
console.log(`script: ${scriptBytes} bytes gzipped, of ${MAX_SCRIPT_BYTES}`);
if (scriptBytes > MAX_SCRIPT_BYTES) process.exit(1);
