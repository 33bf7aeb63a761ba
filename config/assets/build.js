// Copies the built libraries from node_modules to config/static/vendor and records what it wrote.
// The source map comments go: their files are not served, and a hashed manifest would miss them.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "..", "static", "vendor");
const wanted = {
  "htmx.org": { folder: "htmx", files: ["dist/htmx.min.js", "LICENSE"] },
};

const lock = JSON.parse(readFileSync(join(here, "package-lock.json"), "utf8"));
const manifest = { packages: {} };
rmSync(out, { recursive: true, force: true });
for (const [name, { folder, files }] of Object.entries(wanted)) {
  const { version, license, integrity } = lock.packages[`node_modules/${name}`];
  const target = `${folder}-${version}`;
  const entry = { version, license, integrity, files: {} };
  mkdirSync(join(out, target), { recursive: true });
  for (const file of files) {
    const source = join(here, "node_modules", name, file);
    if (!existsSync(source)) throw new Error(`${name} ${version} has no ${file}`);
    const text = readFileSync(source, "utf8").replace(/\n?\/\/# sourceMappingURL=\S+\s*$/, "\n");
    const path = `${target}/${file.split("/").pop()}`;
    writeFileSync(join(out, path), text);
    entry.files[path] = createHash("sha256").update(text).digest("hex");
  }
  manifest.packages[name] = entry;
}
writeFileSync(join(here, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
