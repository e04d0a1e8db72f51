"use strict";
// Sends what was typed to the vault, and the token that comes back to the shop that framed us.
const form = document.getElementById("card");
const at = (id) => document.getElementById(id);
const inputOf = { number: "number", expMonth: "expiry", expYear: "expiry", cvc: "cvc" };
const nameOf = { number: "The card number", expMonth: "The expiry", expYear: "The expiry", cvc: "The security code" };

function typed() {
  const [month, year] = at("expiry").value.split("/").map((part) => parseInt(part.trim(), 10));
  const holder = at("holder").value.trim();
  return {
    clientToken: form.dataset.clientToken,
    number: at("number").value.trim(),
    expMonth: month || 0,
    expYear: year < 100 ? 2000 + year : year || 0,
    cvc: at("cvc").value.trim(),
    ...(holder ? { holder } : {}),
  };
}

function complain(field, message) {
  const input = at(inputOf[field] || "number");
  at("problem").textContent = (nameOf[field] || "The card") + " " + message + ".";
  input.setAttribute("aria-invalid", "true");
  input.focus();
}

function handOver(paymentMethodToken) {
  const { origin, returnUrl } = form.dataset;
  form.reset();
  form.hidden = true;
  if (window.parent !== window && origin) {
    at("done").textContent = "Your card is ready.";
    window.parent.postMessage({ type: "quittance.method", paymentMethodToken }, origin);
    return;
  }
  at("done").textContent = "Your card is ready: " + paymentMethodToken;
  if (returnUrl) {
    const back = new URL(returnUrl);
    back.searchParams.set("paymentMethodToken", paymentMethodToken);
    location.replace(back);
  }
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  for (const input of form.querySelectorAll("input")) input.removeAttribute("aria-invalid");
  at("problem").textContent = "";
  at("save").disabled = true;
  try {
    const answer = await fetch("/vault/tokens", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(typed()),
    });
    const told = await answer.json();
    if (answer.status === 201) handOver(told.paymentMethodToken);
    else complain(told.field, told.field ? told.message : "could not be taken");
  } catch {
    at("problem").textContent = "The vault cannot be reached. Please try again.";
  } finally {
    at("save").disabled = false;
  }
});

form.hidden = false;
