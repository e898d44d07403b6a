// Bundles the page and its workers, and the reader of QR codes, into ../static, compressed only: `npm ci && npm run build`.
import { build } from "esbuild";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";

// GraphiQL's tabs are controls inside of controls (`nested-interactive` of axe): here they are a list of buttons.
const TABS = [
  ['role: "tablist"', 'role: "list"'],
  ['role: "tab"', 'role: "listitem"'],
  ['"aria-selected": isActive', '"aria-current": isActive'],
];
const tabsAsList = {
  name: "tabs-as-list",
  setup(own) {
    own.onLoad({ filter: /@graphiql.react.dist.components.tabs.index\.js$/ }, async ({ path }) => {
      let contents = await readFile(path, "utf-8");
      for (const [before, after] of TABS) {
        if (!contents.includes(before)) throw new Error(`${path} has no ${before}`);
        contents = contents.replaceAll(before, after);
      }
      return { contents };
    });
  },
};

const target = new URL("../static/", import.meta.url);
const common = {
  bundle: true,
  define: { "process.env.NODE_ENV": '"production"' },
  legalComments: "linked",
  minify: true,
  outdir: "out",
  write: false,
};

const results = await Promise.all([
  build({
    ...common,
    entryPoints: { graphiql: "entry.jsx" },
    format: "iife",
    jsx: "automatic",
    plugins: [tabsAsList],
    assetNames: "[name]",
    loader: { ".ttf": "file", ".woff": "empty", ".woff2": "file" },
  }),
  build({
    ...common,
    entryPoints: {
      "json.worker": "monaco-editor/esm/vs/language/json/json.worker.js",
      "editor.worker": "monaco-editor/esm/vs/editor/editor.worker.js",
      "graphql.worker": "monaco-graphql/esm/graphql.worker.js",
    },
    format: "iife",
  }),
  // Reads codes on the page that verifies certificates without a network (gateway/pages/static/verify.js).
  build({ ...common, entryPoints: ["qr.js"], format: "esm" }),
]);

await rm(target, { recursive: true, force: true });
await mkdir(target);
for (const { path, contents } of results.flatMap((result) => result.outputFiles)) {
  await keep(path.split("/").at(-1), contents);
}
await keep("noto-sans-devanagari.LICENSE.txt", await readFile("node_modules/@fontsource/noto-sans-devanagari/LICENSE"));

async function keep(name, contents) {
  const packed = gzipSync(contents, { level: 9 });
  await writeFile(new URL(`${name}.gz`, target), packed);
  console.log(name, contents.length, packed.length);
}
