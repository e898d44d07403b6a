// Subscriptions for GraphiQL: server-sent events over the page's own fetch, so with its cookie and its headers.
// The toolkit speaks sockets only, and only where further packages are bundled.

export function withStreams(url, plain) {
  return (parameters, options) =>
    isSubscription(options?.documentAST, parameters.operationName)
      ? events(url, parameters, options?.headers)
      : plain(parameters, options);
}

function isSubscription(document, name) {
  const operations = (document?.definitions ?? []).filter(({ kind }) => kind === "OperationDefinition");
  const chosen = operations.length === 1 ? operations[0] : operations.find((each) => each.name?.value === name);
  return chosen?.operation === "subscription";
}

// `return` must end the request at once, also while a part is waited for; a generator alone would wait with it.
function events(url, parameters, headers) {
  const controller = new AbortController();
  const parts = read(url, parameters, headers, controller.signal);
  const iterator = {
    next: () => parts.next(),
    return: () => {
      controller.abort();
      return parts.return();
    },
    [Symbol.asyncIterator]: () => iterator,
  };
  return iterator;
}

async function* read(url, parameters, headers, signal) {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { ...headers, "Content-Type": "application/json", Accept: "text/event-stream" },
      body: JSON.stringify(parameters),
      signal,
    });
    if (!response.headers.get("content-type")?.startsWith("text/event-stream")) {
      yield await response.json();
      return;
    }
    for await (const { event, data } of blocks(response.body)) {
      if (event === "complete") return;
      if (event === "next") yield JSON.parse(data);
    }
  } catch (error) {
    if (error.name !== "AbortError") throw error;
  }
}

async function* blocks(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      yield fields(text.slice(0, end));
      text = text.slice(end + 2);
    }
  }
}

function fields(block) {
  const lines = block.split("\n").filter((line) => line && !line.startsWith(":"));
  return Object.fromEntries(lines.map((line) => line.split(/: ?(.*)/s, 2)));
}
