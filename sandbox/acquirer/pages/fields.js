"use strict";
// <script src="https://acquirer/fields.js"></script>, then
// QuittanceFields.mount(element, { clientToken, onToken: (paymentMethodToken) => … })
const QuittanceFields = (() => {
  const home = new URL(document.currentScript.src).origin;

  function mount(element, { clientToken, onToken }) {
    const frame = document.createElement("iframe");
    const asked = new URLSearchParams({ clientToken, origin: location.origin });
    frame.src = home + "/fields?" + asked;
    frame.title = "Card details";
    frame.style.cssText = "width: 100%; height: 25rem; border: 0; color-scheme: normal";

    function hear(event) {
      // Anybody may post messages to this window; only our own frame is believed.
      if (event.origin !== home || event.source !== frame.contentWindow) return;
      if (event.data && event.data.type === "quittance.method") onToken(event.data.paymentMethodToken);
    }

    function unmount() {
      window.removeEventListener("message", hear);
      frame.remove();
    }

    window.addEventListener("message", hear);
    element.append(frame);
    return { unmount };
  }

  return { mount };
})();
