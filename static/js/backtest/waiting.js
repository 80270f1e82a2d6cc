// A back-test that is not finished yet: the page becomes the result as soon as it is.

const { id } = document.getElementById("waiting").dataset;

document.body.addEventListener("live:backtest", ({ detail }) => {
  if (detail.id === id && detail.status === "done") window.location.reload();
});
