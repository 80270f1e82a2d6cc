// A slim banner while the live channel is cut off.  Short cuts say nothing: the browser mends them by itself.

const PATIENCE = 4_000; // ms

let banner = null, timer = 0;

function show() {
  banner = document.createElement("p");
  banner.className = "cut-off";
  banner.setAttribute("role", "status");
  banner.textContent = "No connection to the server: what is shown may be out of date. Trying again …";
  document.body.append(banner);
}

function hide() {
  clearTimeout(timer);
  timer = 0;
  banner?.remove();
  banner = null;
}

document.body.addEventListener("live-state", ({ detail }) => {
  if (detail.connected) hide();
  else if (!timer) timer = setTimeout(show, PATIENCE);
});
document.addEventListener("visibilitychange", () => { if (document.hidden) hide(); });
