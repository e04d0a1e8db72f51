// Verify one webhook with the library of the standard: npm install standardwebhooks
//
// WEBHOOK_SECRETS='whsec_…' WEBHOOK_ID=evt_… WEBHOOK_TIMESTAMP=… WEBHOOK_SIGNATURE='v1,…' \
//     node verify-webhook.js < body

import { readFileSync } from "node:fs";
import { Webhook, WebhookVerificationError } from "standardwebhooks";

interface QuittanceEvent {
  id: string;
  type: string;
  sequence: number;
  object: { type: string; id: string };
  data: Record<string, unknown>;
}

function verify(body: string, headers: Record<string, string>, secrets: string[]): QuittanceEvent {
  // Both of them while a secret is rotated.
  let refusal: unknown = new Error("there is no secret");
  for (const secret of secrets) {
    try {
      return new Webhook(secret).verify(body, headers) as QuittanceEvent;
    } catch (error) {
      if (!(error instanceof WebhookVerificationError)) throw error;
      refusal = error;
    }
  }
  throw refusal;
}

// The body as it came: what was parsed and written again does not verify.
const body = readFileSync(0, "utf8");
const headers = {
  "webhook-id": process.env.WEBHOOK_ID ?? "",
  "webhook-timestamp": process.env.WEBHOOK_TIMESTAMP ?? "",
  "webhook-signature": process.env.WEBHOOK_SIGNATURE ?? "",
};
try {
  const secrets = (process.env.WEBHOOK_SECRETS ?? "").split(" ").filter(Boolean);
  const event = verify(body, headers, secrets);
  console.log(`verified: ${event.id} ${event.type} ${event.object.id} ${event.sequence}`);
} catch (error) {
  console.error(`refused: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
