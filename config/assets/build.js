// Copies the built libraries from node_modules to config/static/vendor and records what it wrote.
// The source map comments go: their files are not served, and a hashed manifest would miss them.
// What consists of several packages is bundled into one script that makes one global name; its LICENSE has theirs.
import { createHash } from "node:crypto";
import { buildSync } from "esbuild";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "..", "static", "vendor");
const wanted = {
  "age-encryption": {
    folder: "age-encryption",
    files: ["LICENSE"],
    bundle: { to: "age.min.js", name: "age", exports: ["Decrypter", "armor"] },
    with: ["@noble/ciphers", "@noble/curves", "@noble/hashes", "@noble/post-quantum", "@scure/base"],
  },
  "htmx.org": { folder: "htmx", files: ["dist/htmx.min.js", "LICENSE"] },
};

const licence = (name) => readFileSync(join(here, "node_modules", name, "LICENSE"), "utf8");

function bundled(name, { to, name: globalName, exports }) {
  const contents = `export { ${exports.join(", ")} } from "${name}";`;
  const done = buildSync({
    stdin: { contents, resolveDir: here },
    bundle: true, write: false, minify: true, format: "iife", globalName, target: "es2020",
    legalComments: "none",
  });
  return [to, done.outputFiles[0].text];
}

const lock = JSON.parse(readFileSync(join(here, "package-lock.json"), "utf8"));
const manifest = { packages: {} };
rmSync(out, { recursive: true, force: true });
for (const [name, { folder, files, bundle, with: parts = [] }] of Object.entries(wanted)) {
  const { version, license, integrity } = lock.packages[`node_modules/${name}`];
  const target = `${folder}-${version}`;
  const entry = { version, license, integrity, files: {} };
  mkdirSync(join(out, target), { recursive: true });
  const keep = (file, text) => {
    const path = `${target}/${file}`;
    writeFileSync(join(out, path), text);
    entry.files[path] = createHash("sha256").update(text).digest("hex");
  };
  if (bundle) keep(...bundled(name, bundle));
  for (const file of files) {
    const source = join(here, "node_modules", name, file);
    if (!existsSync(source)) throw new Error(`${name} ${version} has no ${file}`);
    let text = readFileSync(source, "utf8").replace(/\n?\/\/# sourceMappingURL=\S+\s*$/, "\n");
    if (file === "LICENSE") text += parts.map((part) => `\n---- ${part} ----\n\n${licence(part)}`).join("");
    keep(file.split("/").pop(), text);
  }
  manifest.packages[name] = entry;
}
writeFileSync(join(here, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
