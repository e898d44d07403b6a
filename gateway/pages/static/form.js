// Saves a form as it is typed and sends its files in pieces. Without it the form has the same buttons and controls.
"use strict";

const form = document.querySelector("form[data-keeps]");
const told = form.querySelector("[data-told]");
const texts = told.dataset;
const own = form.querySelector("[data-own-device]");
const place = `apuni:${form.dataset.keeps}:${location.pathname.split("/").slice(0, 4).join("/")}`;

const IDLE = 3000;
const PIECE = 256 * 1024;
const TRIES = [1, 2, 4, 8, 15, 30, 60, 60, 60];
const DAYS = 7;
// These belong to the page as it was drawn: each page has its own.
const OF_PAGE = ["_form", "_key", "input.draftId", "input.expectedVersion"];

const sending = new Set();
let changed = false;
let timer;

const tell = (words) => {
  told.textContent = words;
};

const now = () => new Date().toLocaleTimeString("en-IN", { hour: "2-digit", minute: "2-digit", hour12: false });

function typed() {
  return [...new FormData(form)].filter(([name, value]) => typeof value === "string" && !OF_PAGE.includes(name));
}

// Only on a device that its owner called hers: what is kept here can be read by whoever sits here next.
function keep() {
  if (own?.checked) localStorage.setItem(place, JSON.stringify({ at: Date.now(), fields: typed() }));
}

function forget() {
  localStorage.removeItem(place);
}

function restore() {
  const kept = JSON.parse(localStorage.getItem(place) ?? "null");
  if (!kept || !own) return;
  own.checked = true;
  if (Date.now() - kept.at > DAYS * 86400_000) return forget();
  for (const [name, value] of kept.fields) {
    for (const control of form.querySelectorAll(`[name="${CSS.escape(name)}"]`)) {
      if (control.type === "checkbox" || control.type === "radio") control.checked = control.value === value;
      else if (control.type !== "file") control.value = value;
    }
  }
  tell(texts.restored);
  later();
}

async function save() {
  clearTimeout(timer);
  if (!changed || sending.size) return;
  changed = false;
  const body = new URLSearchParams(typed());
  for (const name of OF_PAGE) if (form.elements[name]?.value) body.set(name, form.elements[name].value);
  body.set("_form", "SaveMyDraft");
  const request = fetch(location.pathname, { method: "POST", body, headers: { Accept: "text/html" } });
  sending.add(request);
  try {
    const answer = await request;
    if (new URL(answer.url).pathname.startsWith("/sign-in")) return unsaved(texts.over);
    if (answer.status >= 500 || answer.status === 429) throw new Error(answer.status);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!answer.ok) return unsaved(page.querySelector(".summary li")?.textContent ?? texts.refused);
    take(page, new URL(answer.url).pathname);
  } catch {
    unsaved(texts.away);
    later(TRIES[4] * 1000);
  } finally {
    sending.delete(request);
  }
}

function unsaved(why) {
  changed = true;
  keep();
  tell(`${texts.unsaved} ${why}`);
}

// The page of the saved draft: what it is saved under, and its address, so that a reload shows it.
function take(page, address) {
  for (const name of OF_PAGE.slice(1)) {
    const fresh = page.querySelector(`form[data-keeps] [name="${CSS.escape(name)}"]`);
    if (!fresh) continue;
    if (form.elements[name]) form.elements[name].value = fresh.value;
    else form.prepend(fresh);
  }
  history.replaceState(null, "", address);
  forget();
  tell(texts.saved.replace("{at}", now()));
}

function later(wait = IDLE) {
  changed = true;
  clearTimeout(timer);
  if ("draft" in form.dataset) timer = setTimeout(save, wait);
}

const base64 = (text) => btoa(text);

async function tus(method, address, headers, body) {
  const answer = await fetch(address, {
    method,
    body,
    headers: { "Tus-Resumable": "1.0.0", "Accept-Language": document.documentElement.lang, ...headers },
  });
  if (answer.ok) return answer;
  const why = answer.headers.get("content-type")?.includes("json") ? await answer.json() : null;
  throw Object.assign(new Error(why?.errors?.[0]?.message ?? texts.refused), { status: answer.status });
}

// The file of a control in pieces, from where it was when the line dropped (docs/uploads.md, tus 1.0.0).
async function send(file, key, show) {
  let address, wait, offset = 0;
  for (let tries = 0; ; ) {
    try {
      if (!address) {
        const metadata = `filetype ${base64(file.type || "application/octet-stream")},document ${base64(key)}`;
        const begun = await tus("POST", "/uploads", { "Upload-Length": String(file.size), "Upload-Metadata": metadata });
        address = new URL(begun.headers.get("location"), location.href).pathname;
      } else if (tries) {
        offset = Number((await tus("HEAD", address, {})).headers.get("upload-offset"));
      }
      while (offset < file.size) {
        const headers = { "Upload-Offset": String(offset), "Content-Type": "application/offset+octet-stream" };
        const taken = await tus("PATCH", address, headers, file.slice(offset, offset + PIECE));
        offset = Number(taken.headers.get("upload-offset"));
        tries = 0;
        show(offset);
      }
      return (await (await tus("GET", address, {})).json()).reference;
    } catch (error) {
      if (error.status && error.status < 500 && error.status !== 409 && error.status !== 429) throw error;
      wait = TRIES[tries++];
      if (wait === undefined) throw new Error(texts.away);
      tell(texts.waits);
      await new Promise((go_on) => {
        setTimeout(go_on, wait * 1000);
        addEventListener("online", go_on, { once: true });
      });
    }
  }
}

async function upload(control) {
  const file = control.files[0];
  if (!file) return;
  const [way, members] = control.name.split("?");
  const bar = Object.assign(document.createElement("progress"), { max: file.size, value: 0 });
  bar.setAttribute("aria-label", file.name);
  control.after(bar);
  tell(texts.sends.replace("{name}", file.name));
  const work = send(file, new URLSearchParams(members).get("key") ?? "", (offset) => {
    bar.value = offset;
  });
  sending.add(work);
  try {
    const reference = await work;
    const chosen = form.elements[way];
    const value = `${members}&uri=${reference}&source=UPLOAD`;
    chosen.append(Object.assign(document.createElement("option"), { value, textContent: file.name, selected: true }));
    control.value = "";
    tell(texts.sent.replace("{name}", file.name));
    later();
  } catch (error) {
    tell(`${file.name}: ${error.message}`);
    if (error.status) control.value = "";
  } finally {
    bar.remove();
    sending.delete(work);
  }
}

// A file that is on its way, and a save, are waited for: the form would send the file again, and an older version.
async function before_submit(event) {
  if (!navigator.onLine) {
    event.preventDefault();
    unsaved(texts.away);
  } else if (sending.size) {
    event.preventDefault();
    await Promise.allSettled(sending);
    form.requestSubmit(event.submitter);
  } else {
    clearTimeout(timer);
    changed = false;
    forget();
  }
}

form.addEventListener("input", () => {
  keep();
  later();
});
form.addEventListener("change", (event) => {
  if (event.target === own && !own.checked) forget();
  if (event.target.type === "file") upload(event.target);
});
form.addEventListener("submit", before_submit);
addEventListener("online", save);
addEventListener("beforeunload", (event) => changed && event.preventDefault());
own?.closest("[hidden]").removeAttribute("hidden");
restore();
