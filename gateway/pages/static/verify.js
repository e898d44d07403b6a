// Verifies the QR code of a certificate in this browser alone, by keys and status lists that are kept for when there is
// no network (docs/contracts/signatures.md sections 5.3 and 5.6), as actions/certificates/qr_codes.py does.
"use strict";

const form = document.querySelector("form[data-offline]");
const field = form.elements.number;
const texts = form.dataset;
const shown = document.querySelector("[data-shown]");
const ready = document.querySelector("[data-kept]");
const { src: script } = document.currentScript;

const NAME = "verify";
const PAGE = "/verify-offline";
const KEYS = "/.well-known/jwt-vc-issuer";
const LISTS = "/status-lists";
const FONTS = ["/fonts/devanagari-400.woff2", "/fonts/devanagari-700.woff2"];
const WAIT = 5000;
const HOUR = 3600_000;
const LONGEST = 1000;
const LARGEST_PICTURE = 2000;
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

// `message` is the code of one of the texts of the page, in capitals.
class Refused extends Error {}

// The newest answer of an address, else the kept one. Nothing of who is signed in is sent, or kept.
async function newest(address, under = address) {
  const kept = await caches.open(NAME);
  try {
    const answer = await fetch(address, { credentials: "omit", signal: AbortSignal.timeout(WAIT) });
    if (!answer.ok) throw new Error(answer.status);
    await kept.put(under, answer.clone());
    return answer;
  } catch (error) {
    const found = await kept.match(under, { ignoreVary: true });
    if (!found) throw error;
    return found;
  }
}

function base32(text) {
  const bytes = [];
  let bits = 0, value = 0;
  for (const letter of text) {
    const at = ALPHABET.indexOf(letter);
    if (at < 0) throw new Refused("MALFORMED");
    value = ((value << 5) | at) & 0xfff;
    bits += 5;
    if (bits >= 8) bytes.push((value >>> (bits -= 8)) & 255);
  }
  return Uint8Array.from(bytes);
}

const base64url = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));

class Tagged {
  constructor(tag, value) {
    Object.assign(this, { tag, value });
  }
}

// The kinds of CBOR (RFC 8949) that a code holds: numbers below 2^32, bytes, texts, lists, maps, tags.
function decode(bytes) {
  let at = 0;
  const take = (count) => {
    if (at + count > bytes.length) throw new Refused("MALFORMED");
    return bytes.slice(at, (at += count));
  };
  const size = (small) => {
    if (small < 24) return small;
    if (small > 26) throw new Refused("MALFORMED");
    return take(1 << (small - 24)).reduce((whole, one) => whole * 256 + one, 0);
  };
  const item = () => {
    const [first] = take(1);
    const much = size(first & 31);
    switch (first >> 5) {
      case 0: return much;
      case 1: return -1 - much;
      case 2: return take(much);
      case 3: return new TextDecoder("utf-8", { fatal: true }).decode(take(much));
      case 4: return Array.from({ length: Math.min(much, LONGEST) }, item);
      case 5: return new Map(Array.from({ length: Math.min(much, LONGEST) }, () => [item(), item()]));
      case 6: return new Tagged(much, item());
      default: throw new Refused("MALFORMED");
    }
  };
  const whole = item();
  if (at !== bytes.length) throw new Refused("MALFORMED");
  return whole;
}

function head(major, count) {
  if (count < 24) return [(major << 5) | count];
  return count < 256 ? [(major << 5) | 24, count] : [(major << 5) | 25, count >> 8, count & 255];
}

// What COSE_Sign1 signs (RFC 9052 section 4.4).
function bytes_to_sign(guarded, payload) {
  const context = new TextEncoder().encode("Signature1");
  const parts = [[0x84], head(3, context.length), context, head(2, guarded.length), guarded, [0x40]];
  return Uint8Array.from([...parts, head(2, payload.length), payload].flatMap((part) => [...part]));
}

async function is_signed(keys, kid, signature, content) {
  const found = keys.find((one) => one.kid === kid);
  if (!found) throw new Refused("UNKNOWN_KEY");
  const { kty, crv, x, y } = found, curve = { name: "ECDSA", namedCurve: "P-256" };
  const key = await crypto.subtle.importKey("jwk", { kty, crv, x, y }, curve, false, ["verify"]);
  return crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, signature, content);
}

// The claims of a code that we signed.
async function read(text, keys) {
  if (text.length > LONGEST) throw new Refused("MALFORMED");
  const { tag, value } = decode(base32(text.trim().toUpperCase().split("/").pop()));
  const [guarded, , payload, signature] = value;
  const header = decode(guarded);
  if (tag !== 18 || header.get(1) !== -7 || header.has(16) || signature.length !== 64) throw new Refused("MALFORMED");
  const kid = new TextDecoder().decode(header.get(4));
  if (!(await is_signed(keys, kid, signature, bytes_to_sign(guarded, payload)))) throw new Refused("BAD_SIGNATURE");
  return decode(payload);
}

// Whether the newest list that we have says that the certificate ended, and as of when; an old list says nothing.
async function look_up(claim, keys) {
  const uri = claim.get("uri"), place = claim.get("idx");
  const [guarded, payload, signature] = (await (await newest(new URL(uri).pathname)).text()).split(".");
  const { alg, typ, kid } = JSON.parse(new TextDecoder().decode(base64url(guarded)));
  const signed = new TextEncoder().encode(`${guarded}.${payload}`);
  if (alg !== "ES256" || typ !== "statuslist+jwt") throw new Refused("NO_LIST");
  if (!(await is_signed(keys, kid, base64url(signature), signed))) throw new Refused("NO_LIST");
  const { sub, exp, iat, status_list: list } = JSON.parse(new TextDecoder().decode(base64url(payload)));
  if (sub !== uri || list.bits !== 1) throw new Refused("NO_LIST");
  const at = moment(iat);
  if (exp * 1000 <= Date.now()) throw Object.assign(new Refused("OLD_LIST"), { at });
  const stream = new Blob([base64url(list.lst)]).stream().pipeThrough(new DecompressionStream("deflate"));
  const bits = new Uint8Array(await new Response(stream).arrayBuffer());
  if (!Number.isInteger(place) || place < 0 || place >= bits.length * 8) throw new Refused("BAD_INDEX");
  return { ended: Boolean((bits[place >> 3] >> (place & 7)) & 1), at };
}

function written(instant, style) {
  const shown = new Date(instant).toLocaleString("en-GB", { timeZone: "Asia/Kolkata", dateStyle: "short", ...style });
  return shown.replaceAll("/", "-").replace(",", "");
}
const moment = (seconds) => written(seconds * 1000, { timeStyle: "short" });
const day = (seconds) => written(seconds * 1000);

const element = (name, textContent = "") => Object.assign(document.createElement(name), { textContent });

// `code` names the text, and stands beside it unless the certificate holds.
function show(code, at = "", rows = []) {
  const mark = rows.length ? (texts.specimen ?? "") : "";
  const words = texts[code.toLowerCase()].replace("{at}", at);
  const told = element("p", `${mark} ${words}`.trim());
  told.className = code === "HOLDS" && !mark ? "good" : ["OLD_LIST", "NO_LIST"].includes(code) ? "note" : "bad";
  if (code !== "HOLDS") told.append(" ", element("code", code));
  const list = element("dl");
  list.className = "facts";
  for (const [name, text] of rows) {
    const row = element("div");
    row.append(element("dt", name), element("dd", text));
    list.append(row);
  }
  shown.replaceChildren(told, ...(rows.length ? [list] : []));
}

function rows_of(claims) {
  const labels = JSON.parse(texts.labels), person = claims.get(169), doctype = person.get(75);
  return [
    [texts.number, person.get(1).replace(/^(\d{4})(\d{5})(\d{5})$/, "$1 $2 $3")],
    [texts.certificate, labels[doctype] ?? doctype],
    [texts.holder, [person.get(19), person.get(4)].filter(Boolean).join(" / ")],
    ...[...(person.get(76) ?? [])].map(([name, text]) => [labels[name] ?? name, text]),
    [texts.issued_on, day(claims.get(6))],
    [texts.valid_until, claims.has(4) ? day(claims.get(4) - 1) : texts.no_limit],
  ];
}

async function verify(text) {
  let keys, claims, rows;
  try {
    ({ keys } = (await (await newest(KEYS)).json()).jwks);
  } catch {
    return show("NO_KEYS");
  }
  try {
    claims = await read(text, keys);
    rows = rows_of(claims);
  } catch (error) {
    return show(error instanceof Refused ? error.message : "MALFORMED");
  }
  if (claims.has(4) && claims.get(4) * 1000 <= Date.now()) return show("EXPIRED", day(claims.get(4) - 1), rows);
  try {
    const { ended, at } = await look_up(claims.get(65535).get("status_list"), keys);
    show(ended ? "ENDED" : "HOLDS", at, rows);
  } catch (error) {
    const known = error instanceof Refused && error.message !== "UNKNOWN_KEY";
    show(known ? error.message : "NO_LIST", error.at, rows);
  }
}

// The page in both languages, its scripts, the keys and all lists of the day, for when the network is away.
async function keep() {
  for (const scope of [PAGE, "/C/"]) await navigator.serviceWorker.register("/verify-worker.js", { scope });
  const { status_lists: lists } = await (await newest(LISTS)).json();
  const languages = [document.documentElement, ...document.querySelectorAll("nav.language a")].map((one) => one.lang);
  const pages = languages.map((one) => `${PAGE}?language=${one}`);
  const scripts = [script, new URL("./qr.js", script).href].map((one) => new URL(one).pathname);
  const wanted = [LISTS, KEYS, ...FONTS, ...scripts, ...pages, ...lists.map((one) => new URL(one).pathname)];
  await Promise.all([newest(pages[0], PAGE), ...wanted.map((one) => newest(one))]);
  const kept = await caches.open(NAME);
  for (const { url } of await kept.keys()) {
    const { pathname, search } = new URL(url);
    if (![PAGE, ...wanted].includes(pathname + search)) await kept.delete(url);
  }
  const answer = await kept.match(KEYS, { ignoreVary: true });
  ready.textContent = texts.ready.replace("{at}", written(answer.headers.get("date"), { timeStyle: "short" }));
}

// The text of the code in a picture; undefined where there is none. Browsers without BarcodeDetector get a library.
async function scan(picture, effort = 1) {
  const formats = (await globalThis.BarcodeDetector?.getSupportedFormats?.()) ?? [];
  if (formats.includes("qr_code")) {
    return (await new BarcodeDetector({ formats: ["qr_code"] }).detect(picture))[0]?.rawValue;
  }
  const { default: decode_qr } = await import("./qr.js");
  const wide = picture.videoWidth ?? picture.width, high = picture.videoHeight ?? picture.height;
  const scale = Math.min(1, LARGEST_PICTURE / Math.max(wide, high));
  const [width, height] = [wide, high].map((one) => Math.round(one * scale));
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(picture, 0, 0, width, height);
  try {
    return decode_qr(context.getImageData(0, 0, width, height), { effort, timeLimit: effort * 50 });
  } catch {
    return undefined;
  }
}

let camera;

function stop() {
  camera?.getTracks().forEach((track) => track.stop());
  camera = undefined;
}

async function look() {
  if (camera) return [stop(), shown.replaceChildren()];
  const video = Object.assign(document.createElement("video"), { muted: true, playsInline: true });
  video.setAttribute("aria-label", texts.scans);
  camera = video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  shown.replaceChildren(video);
  await video.play();
  for (; camera; await new Promise((go_on) => setTimeout(go_on, 200))) {
    const text = await scan(video);
    if (!text) continue;
    stop();
    return verify((field.value = text));
  }
}

async function open_photograph({ target }) {
  if (!target.files[0]) return;
  const text = await scan(await createImageBitmap(target.files[0]), 40);
  target.value = "";
  if (!text) return show("NO_CODE");
  return verify((field.value = text));
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  verify(field.value);
});
if (crypto.subtle && globalThis.DecompressionStream && navigator.serviceWorker) {
  const photograph = form.querySelector("[type=file]"), button = form.querySelector("[data-camera]");
  photograph.closest("[hidden]").hidden = false;
  photograph.addEventListener("change", (event) => open_photograph(event).catch(() => show("NO_CODE")));
  button.hidden = !navigator.mediaDevices;
  button.addEventListener("click", () => look().catch(() => [stop(), show("NO_CAMERA")]));
  const keep_again = () => keep().catch(() => {});
  keep_again();
  setInterval(keep_again, HOUR);
  addEventListener("online", keep_again);
  if (location.pathname.startsWith("/C/")) verify((field.value = location.href));
} else {
  form.querySelector("button:not([type])").disabled = true;
  show("OLD_BROWSER");
}
