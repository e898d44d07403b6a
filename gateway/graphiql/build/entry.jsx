// GraphiQL as the gateway serves it: own workers, own font, examples as tabs, nothing kept after the tab is closed.
import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { GraphiQL } from "graphiql";
import "graphiql/style.css";
import { createRoot } from "react-dom/client";
import { withStreams } from "./streams.js";
import "./page.css";

const base = new URL(".", document.currentScript.src).href;
const workers = { json: "json.worker.js", graphql: "graphql.worker.js" };
globalThis.MonacoEnvironment = {
  getWorker: (_, label) => new Worker(base + (workers[label] ?? "editor.worker.js")),
};

const page = JSON.parse(document.getElementById("page-data").textContent);
const headers = JSON.stringify(page.headers, null, 2);
const tabs = page.tabs.map(({ query, variables }) => ({
  query,
  variables: variables ? JSON.stringify(variables, null, 2) : null,
  headers,
}));

// GraphiQL 5 fills the variables editor from the stored state or from `initialVariables`, never from the first tab.
const storage = window.sessionStorage;
const fresh = !Object.keys(storage).some((key) => key.startsWith("graphiql:"));
const initialVariables = (fresh && tabs[0]?.variables) || undefined;

createRoot(document.getElementById("graphiql")).render(
  <GraphiQL
    fetcher={withStreams(page.url, createGraphiQLFetcher({ url: page.url }))}
    storage={storage}
    defaultTabs={tabs.length ? tabs : undefined}
    initialVariables={initialVariables}
    defaultHeaders={headers}
    shouldPersistHeaders={false}
    showPersistHeadersSettings={false}
    isHeadersEditorEnabled
    defaultEditorToolsVisibility
    inputValueDeprecation
    schemaDescription
  />,
);
