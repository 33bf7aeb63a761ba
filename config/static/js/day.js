// A recorded stretch fills the two time fields.
for (const button of document.querySelectorAll("[data-pick-from]")) {
  button.addEventListener("click", () => {
    document.getElementById("start").value = button.dataset.pickFrom;
    document.getElementById("end").value = button.dataset.pickTo;
    document.getElementById("start").focus();
  });
}
