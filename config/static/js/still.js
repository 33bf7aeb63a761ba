// A kept still opens on its own page: the purpose goes with the request, the picture comes as the answer.
const form = document.querySelector("[data-still-picture]");
const shown = document.querySelector("[data-shown]");
const refused = form.querySelector("[data-refused]");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  event.stopImmediatePropagation();
  if (form.hasAttribute("aria-busy")) return;
  form.setAttribute("aria-busy", "true");
  refused.hidden = true;
  const headers = { Accept: "application/json, image/jpeg" };
  const answer = await fetch(form.action, { method: "POST", body: new FormData(form), headers }).catch(() => null);
  form.removeAttribute("aria-busy");
  if (!answer?.ok || answer.redirected) {
    const problem = (await answer?.json().catch(() => null))?.error;
    // Without an answer in words the browser asks again by itself, and shows the page that says why.
    if (!problem) return form.submit();
    refused.textContent = [problem.message, problem.hint].filter(Boolean).join(" ");
    refused.hidden = false;
    return;
  }
  const image = shown.querySelector("img");
  URL.revokeObjectURL(image.src);
  image.src = URL.createObjectURL(await answer.blob());
  shown.hidden = false;
  shown.focus();
});
