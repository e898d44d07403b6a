// A program as an app's developer writes it: public queries by the ids of the manifest, against the gateway of argument 2.
import { ask, mayGoOn, services } from "./client.js";
import type { ClientPolicyQuery, ClientPolicyQueryVariables, ServicesQuery, ServicesQueryVariables } from "./operations.js";

declare const process: { readonly argv: readonly string[] };

const base = process.argv[2] ?? "";
const first = await ask<ServicesQuery, ServicesQueryVariables>(base, "Services", { openOnly: true, first: 3 });
const again = await ask<ServicesQuery, ServicesQueryVariables>(base, "Services", { openOnly: true, first: 3 });
const policy = await ask<ClientPolicyQuery, ClientPolicyQueryVariables>(base, "ClientPolicy", {
  platform: "WEB",
  version: "1.0.0",
  app: "citizen_app",
});
const support = policy.data?.clientPolicy?.support;

console.log(
  JSON.stringify({
    lines: await services(base),
    total: first.data?.services?.totalCount,
    unchanged: again.unchanged,
    goesOn: support !== undefined && mayGoOn(support),
  }),
);
