// GraphiQL as the gateway serves it: own workers, own font, examples as tabs, nothing kept after the tab is closed.
import { explorerPlugin } from "@graphiql/plugin-explorer";
import "@graphiql/plugin-explorer/style.css";
import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { GraphiQL, HISTORY_PLUGIN } from "graphiql";
import "graphiql/style.css";
import { createRoot } from "react-dom/client";
import { showReader, withHint } from "./reader.js";
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

// Each subject keeps its own tabs until the browser's tab is closed.
const kept = window.sessionStorage;
const storage = {
  getItem: (key) => kept.getItem(`${page.subject}:${key}`),
  setItem: (key, text) => kept.setItem(`${page.subject}:${key}`, text),
  removeItem: (key) => kept.removeItem(`${page.subject}:${key}`),
  clear: () => kept.clear(),
  get length() {
    return kept.length;
  },
};

// GraphiQL 5 fills the variables editor from the stored state or from `initialVariables`, never from the first tab.
const fresh = !Object.keys(kept).some((key) => key.startsWith(`${page.subject}:graphiql:`));
const initialVariables = (fresh && tabs[0]?.variables) || undefined;

showReader(page.url);
createRoot(document.getElementById("graphiql")).render(
  <GraphiQL
    fetcher={withStreams(page.url, withHint(createGraphiQLFetcher({ url: page.url })))}
    plugins={[HISTORY_PLUGIN, explorerPlugin({ showAttribution: false })]}
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
