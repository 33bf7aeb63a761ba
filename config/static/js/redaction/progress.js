// The page of a redaction that is worked on: how far it is; when the work is over the page is drawn anew.
const box = document.querySelector("[data-progress]");
const ASK_MS = 2000;

async function ask() {
  try {
    const answer = await fetch(box.dataset.progress, { headers: { Accept: "application/json" } });
    if (!answer.ok) return location.reload();
    const { work, permille } = await answer.json();
    if (!work) return location.reload();
    box.querySelector("[data-percent]").textContent = Math.floor(permille / 10);
    box.querySelector("progress").value = permille / 10;
  } catch {
    // the server does not answer just now: asked again
  }
  return setTimeout(ask, ASK_MS);
}
setTimeout(ask, ASK_MS);
