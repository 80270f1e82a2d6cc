// The page of a graph: the canvas, and the panel that explains the chosen node.

import { openGraph } from "./graph.js";

const canvas = document.getElementById("canvas");
const panel = document.getElementById("node-panel");

for (const place of document.querySelectorAll("[data-canvas]")) openGraph(place);
if (canvas) openPage();

function openPage() {
  const { graph, revision } = canvas.dataset;
  const drawn = openGraph(canvas, { onNode: explain, onWire: (wire) => explain(wire.slice(0, wire.lastIndexOf("."))) });
  const here = (node) => [...canvas.querySelectorAll("[data-node]")].some((element) => element.dataset.node === node);
  let asked = 0;

  async function explain(node) {
    const ticket = ++asked;
    drawn.select(node);
    const query = new URLSearchParams({ node, revision });
    const answer = await fetch(`/graphs/${encodeURIComponent(graph)}/node?${query}`, { headers: { "HX-Request": "true" } });
    const text = await answer.text();
    if (ticket !== asked) return; // another node was chosen meanwhile
    panel.innerHTML = answer.ok ? text : "<p class=\"notice bad\">This node cannot be explained just now.</p>";
    panel.scrollTop = 0;
    const address = new URL(location.href);
    address.searchParams.set("node", node);
    history.replaceState(null, "", address);
  }

  for (const button of document.querySelectorAll("[data-zoom]")) {
    button.addEventListener("click", () => {
      if (button.dataset.zoom === "fit") drawn.fit();
      else drawn.zoom(Number(button.dataset.zoom));
    });
  }
  canvas.addEventListener("dblclick", (event) => {
    const node = event.target.closest("[data-embeds]");
    if (node) location.assign(`${canvas.dataset.base}?path=${encodeURIComponent(node.dataset.node)}`);
  });
  // Lists lead to the node on the canvas where it is on this level; elsewhere the link is followed.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-go]");
    if (!link || !here(link.dataset.go) || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    explain(link.dataset.go);
    canvas.scrollIntoView({ block: "nearest" });
    drawn.goTo(link.dataset.go);
  });
  if (canvas.dataset.node) {
    drawn.select(canvas.dataset.node);
  }
}
