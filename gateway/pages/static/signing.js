// Speaks with the bridge to an officer's token, on this computer alone (docs/contracts/signatures.md section 3.4).
// The PIN is typed in the bridge's own prompt; no page sees it.
"use strict";

async function ask(bridge, call, body) {
  const answer = await fetch(`${bridge}/v1/${call}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    credentials: "omit",
    referrerPolicy: "no-referrer",
  });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

// Every call takes a nonce of its own, which is good for that call alone.
async function with_nonce(bridge, call, body) {
  const { nonce } = await ask(bridge, "nonce", {});
  return ask(bridge, call, { ...body, nonce });
}

// As many signatures go in one request, whose size is bounded (domain/certificates/officer_signatures.py).
const PART = 100;

function field(form, name, value) {
  const control = Object.assign(document.createElement("input"), { type: "hidden", name, value });
  control.dataset.part = "";
  form.append(control);
}

// While the bridge is asked the page must stay: its answers would be lost.
let asked = false;

async function sign(form, told) {
  asked = true;
  const items = [...form.querySelectorAll("[data-item]")].map(({ dataset }) => ({ id: dataset.item, sha256: dataset.digest }));
  told.textContent = told.dataset.waits;
  const answer = await with_nonce(form.dataset.signs, "sign", { certSha256: form.dataset.certificate, items });
  const hashes = new Map(items.map((one) => [one.id, one.sha256]));
  const key = form.elements._key.value;
  for (let first = 0; first < answer.items.length; first += PART) {
    form.querySelectorAll("[data-part]").forEach((one) => one.remove());
    answer.items.slice(first, first + PART).forEach((one, place) => {
      field(form, `input.signatures.${place}.signingId`, one.id);
      field(form, `input.signatures.${place}.sha256`, hashes.get(one.id) ?? "");
      if (one.signature) field(form, `input.signatures.${place}.signature`, one.signature);
      else field(form, `input.signatures.${place}.error`, one.error ?? "TOKEN_FAILED");
    });
    form.elements._key.value = `${key}-${first}`;
    if (first + PART >= answer.items.length) form.submit();
    else if (!(await hand_in(form))) return void (told.textContent = told.dataset.failed);
  }
}

// Whether a part was taken. The bridge is not to blame where it was not.
async function hand_in(form) {
  const body = new URLSearchParams(new FormData(form));
  try {
    return (await fetch(location.pathname, { method: "POST", body, redirect: "manual" })).type === "opaqueredirect";
  } catch {
    return false;
  }
}

async function read(form, told) {
  const { certificates } = await with_nonce(form.dataset.enrols, "certificates", {});
  if (!certificates.length) told.textContent = told.dataset.none;
  else form.querySelector("textarea").value = certificates[0].certificate;
}

for (const form of document.querySelectorAll("form[data-signs], form[data-enrols]")) {
  const told = form.querySelector("[data-told]");
  const button = form.querySelector("[data-sign], [data-read]");
  form.querySelector("[data-shown]").removeAttribute("hidden");
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      await ("signs" in form.dataset ? sign : read)(form, told);
    } catch {
      told.textContent = told.dataset.away;
    } finally {
      button.disabled = false;
    }
  });
}

if (document.querySelector("[data-busy]")) setTimeout(() => asked || location.replace(location.pathname), 2000);
