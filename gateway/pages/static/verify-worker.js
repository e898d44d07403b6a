// Shows the page that verifies without a network, where there is none; also in the place of a scanned code's page.
"use strict";

const NAME = "verify";
const PAGE = "/verify-offline";

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method === "GET" && new URL(request.url).origin === location.origin) event.respondWith(answer(request));
});

// What verify.js kept is asked for only when the network is away, so that nobody sees an old page without need.
async function answer(request) {
  try {
    return await fetch(request);
  } catch (error) {
    const kept = await caches.open(NAME);
    const { pathname, search } = new URL(request.url);
    const found = await kept.match(pathname + search, { ignoreVary: true });
    if (found) return found;
    const page = request.mode === "navigate" && (await kept.match(PAGE, { ignoreVary: true }));
    if (page) return page;
    throw error;
  }
}
