// The stages of a back-test in words, as the page brought them.

const words = JSON.parse(document.getElementById("stages").textContent);

/** @param {string} name a stage or a status */
export const stageWords = (name) => words[name] ?? name;

/** Moves the bar of a run. @param {Element} place what holds the one `.progress` @param {{stage: string, status: string, progress: number, detail?: string}} told */
export function showProgress(place, { stage, status, progress, detail }) {
  const label = stageWords(stage || status) + (detail ? `: ${detail}` : "");
  place.querySelector("progress").value = progress;
  place.querySelector("output").textContent = `${Math.round(100 * progress)} %`;
  place.querySelector(".progress > span").textContent = label;
}
