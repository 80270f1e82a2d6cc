// Reading values off the curves of several back-tests: the nearest point of each at the instant under the pointer.

const data = JSON.parse(document.getElementById("compare-data").textContent);
const svg = document.querySelector("#compare-picture svg");
const cursor = document.getElementById("compare-cursor"), words = document.getElementById("compare-time");
const outputs = [...document.querySelectorAll("#compare-picture output")];
let at = data.last;

/** The last point of a line at or before an instant, null before its first. */
function pointAt(line, time) {
  let low = 0, high = line.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (line[middle][0] <= time) low = middle + 1;
    else high = middle;
  }
  return low ? line[low - 1] : null;
}

function read(time) {
  at = Math.max(data.first, Math.min(data.last, time));
  const x = (data.width * (at - data.first)) / Math.max(1, data.last - data.first);
  cursor.setAttribute("d", `M${x.toFixed(1)} 0V${data.height}`);
  words.textContent = `${new Date(at).toISOString().slice(0, 16).replace("T", " ")} UTC`;
  data.lines.forEach((line, number) => {
    const point = pointAt(line, at);
    outputs[number].textContent = point ? `${point[1] > 0 ? "+" : ""}${point[1].toFixed(2)} %` : "not begun";
  });
}

svg.addEventListener("pointermove", ({ clientX }) => {
  const { left, width } = svg.getBoundingClientRect();
  read(data.first + ((data.last - data.first) * (clientX - left)) / Math.max(1, width));
});
svg.addEventListener("keydown", (event) => {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!step) return;
  event.preventDefault();
  read(at + (step * (data.last - data.first)) / 200);
});
