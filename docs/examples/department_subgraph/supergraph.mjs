// Composes the gateway and a department into a supergraph, for a router:
//
//     node supergraph.mjs [--enforced-by-subgraphs] apuni=http://127.0.0.1:8000/graphql=apuni.graphql \
//       forest=http://127.0.0.1:8210/graphql=forest.graphql > supergraph.graphql
//
// Run it in a folder where @apollo/composition and graphql are installed (tests/node is one). The Apollo Router
// enforces @authenticated and @requiresScopes too, from the token's claims. @apollo/gateway knows neither and refuses
// a supergraph that has them: for it, --enforced-by-subgraphs leaves both out, and the gateway enforces them alone,
// from the token that the router passes on.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.cwd(), "package.json"));
const { composeServices } = require("@apollo/composition");
const { parse, visit } = require("graphql");

const OF_THE_SUBGRAPHS = ["authenticated", "requiresScopes"];
const FLAG = "--enforced-by-subgraphs";

function withoutAccess(document) {
  return visit(document, {
    Directive: (node) => (OF_THE_SUBGRAPHS.includes(node.name.value) ? null : undefined),
    ListValue: (node) => ({
      ...node,
      values: node.values.filter((value) => !OF_THE_SUBGRAPHS.map((name) => `@${name}`).includes(value.value)),
    }),
  });
}

const given = process.argv.slice(2);
const subgraphs = given
  .filter((argument) => argument !== FLAG)
  .map((argument) => {
    const [name, url, file] = argument.split("=");
    const document = parse(readFileSync(file, "utf8"));
    return { name, url, typeDefs: given.includes(FLAG) ? withoutAccess(document) : document };
  });
const { supergraphSdl, errors } = composeServices(subgraphs);
if (errors?.length) {
  for (const error of errors) console.error(`${error.extensions?.code}: ${error.message}`);
  process.exit(1);
}
process.stdout.write(supergraphSdl);
