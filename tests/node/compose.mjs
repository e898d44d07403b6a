// Composes sets of subgraphs in three composers. Standard input: [[{"name", "url", "sdl"}, ...], ...].
// Standard output, for each set: {"apollo": {"errors", "supergraph"}, "guild": {...}, "wundergraph": {"errors"}}.
import { composeServices as composeInApollo } from "@apollo/composition";
import { composeServices as composeInGuild } from "@theguild/federation-composition";
import { federateSubgraphs, LATEST_ROUTER_COMPATIBILITY_VERSION } from "@wundergraph/composition";
import { parse } from "graphql";
import { readFileSync } from "node:fs";

function told(errors) {
  return (errors ?? []).map((error) => `${error.extensions?.code ?? error.name}: ${error.message}`);
}

function composed(subgraphs) {
  const services = subgraphs.map(({ name, url, sdl }) => ({ name, url, typeDefs: parse(sdl) }));
  const apollo = composeInApollo(services);
  const guild = composeInGuild(services);
  const wundergraph = federateSubgraphs({
    subgraphs: services.map(({ name, url, typeDefs }) => ({ name, url, definitions: typeDefs })),
    version: LATEST_ROUTER_COMPATIBILITY_VERSION,
  });
  return {
    apollo: { errors: told(apollo.errors), supergraph: apollo.supergraphSdl ?? null },
    guild: { errors: told(guild.errors), supergraph: guild.supergraphSdl ?? null },
    wundergraph: { errors: wundergraph.success ? [] : told(wundergraph.errors) },
  };
}

console.log(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(composed)));
