// A router in front of subgraphs: @apollo/gateway over a supergraph, one operation for each that is given.
// Standard input: {"supergraph", "secret", "requests": [{"query", "variables", "headers"}]}.
// Standard output: the list of results. The end user's own headers go through; the router adds its secret.
import { ApolloGateway, RemoteGraphQLDataSource } from "@apollo/gateway";
import { createHash } from "node:crypto";
import { parse } from "graphql";
import { readFileSync } from "node:fs";

const PASSED_ON = ["authorization", "accept-language"];
const { supergraph, secret, requests } = JSON.parse(readFileSync(0, "utf8"));

class Subgraph extends RemoteGraphQLDataSource {
  willSendRequest({ request, context }) {
    for (const name of PASSED_ON) {
      if (context.headers?.[name]) request.http.headers.set(name, context.headers[name]);
    }
    if (secret) request.http.headers.set("x-router-secret", secret);
  }
}

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const gateway = new ApolloGateway({
  supergraphSdl: supergraph,
  logger: silent,
  buildService: ({ url }) => new Subgraph({ url }),
});
const { executor } = await gateway.load();

const results = [];
for (const { query, variables = {}, headers = {} } of requests) {
  const request = { query, variables, http: { headers: new Map() } };
  const result = await executor({
    document: parse(query),
    request,
    operationName: null,
    queryHash: createHash("sha256").update(query).digest("hex"),
    context: { headers },
    cache: new Map(),
    schema: null,
    logger: silent,
    metrics: {},
    overallCachePolicy: { restrict() {} },
  });
  results.push({ data: result.data ?? null, errors: result.errors ?? [] });
}
await gateway.stop();
console.log(JSON.stringify(results));
