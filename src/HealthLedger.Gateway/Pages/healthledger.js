// Tells a patient who has the portal open that new events were recorded. Without scripts nothing is missing: loading the page again shows them.
(() => {
  "use strict";
  const box = document.querySelector("[data-shown]");
  if (!box) return;
  const ask = async () => {
    if (document.hidden) return;
    let answer;
    try {
      answer = await fetch("/portal/changes?since=" + encodeURIComponent(box.dataset.shown), { cache: "no-store", redirect: "manual" });
    } catch {
      return; // the next turn asks again
    }
    if (answer.status !== 200) {
      clearInterval(turn);
    } else if ((await answer.json()).changed) {
      clearInterval(turn);
      box.hidden = false;
    }
  };
  const turn = setInterval(ask, 4000);
})();
