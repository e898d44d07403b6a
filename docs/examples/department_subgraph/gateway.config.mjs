// Hive Gateway over the supergraph: the end user's own headers go through, and the router proves itself by its secret.
import { defineConfig } from "@graphql-hive/gateway";

export const gatewayConfig = defineConfig({
  propagateHeaders: {
    fromClientToSubgraphs({ request }) {
      const passed = { "x-router-secret": process.env.APUNI_ROUTER_SECRET };
      for (const name of ["authorization", "accept-language"]) {
        const value = request.headers.get(name);
        if (value) passed[name] = value;
      }
      return passed;
    },
  },
});
