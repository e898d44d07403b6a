// Says in the bar who is signed in here, and under it why `viewer` is null.

const WHO = `{ viewer { __typename
  ... on Citizen { name }
  ... on Officer { name designation }
  ... on Operator { name centre } } }`;

const shown = (id) => document.getElementById(id);

export async function showReader(url) {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json", "Accept-Language": document.querySelector(".bar").lang },
      body: JSON.stringify({ query: WHO }),
    });
    const { data } = await response.json();
    const viewer = data?.viewer;
    shown("who").textContent = [viewer?.name ?? viewer?.__typename, viewer?.designation ?? viewer?.centre]
      .filter(Boolean)
      .join(", ");
    shown("somebody").hidden = !viewer;
    shown("nobody").hidden = Boolean(viewer) || data === undefined;
  } catch {
    // Who asks is told by the first answer that this page cannot get.
  }
}

export function withHint(ask) {
  const hint = shown("hint");
  // The schema is asked for by the same way, and the last part of an answer may have no data: neither says who asks.
  const look = (part) => {
    if (part?.data && !part.data.__schema) hint.textContent = part.data.viewer === null ? hint.dataset.text : "";
    return part;
  };
  async function* parts(answer) {
    for await (const part of answer) yield look(part);
  }
  return async (parameters, options) => {
    const answer = await ask(parameters, options);
    return Symbol.asyncIterator in answer ? parts(answer) : look(answer);
  };
}
