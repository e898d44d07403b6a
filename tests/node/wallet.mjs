// A wallet by @openid4vc/openid4vci: scans an offer, redeems it with the code of the SMS, and fetches the credential.
// node wallet.mjs <offer> <tx_code> <seconds of the present>; prints the metadata's issuer and the credential as JSON.
import { createHash, randomBytes, webcrypto } from "node:crypto";
import { clientAuthenticationAnonymous, setGlobalConfig } from "@openid4vc/oauth2";
import { Openid4vciClient } from "@openid4vc/openid4vci";

setGlobalConfig({ allowInsecureUrls: true }); // loopback
const [offer, txCode, now] = process.argv.slice(2);
const pair = await webcrypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
const { kty, crv, x, y } = await webcrypto.subtle.exportKey("jwk", pair.publicKey);
const publicJwk = { kty, crv, x, y };
const encoded = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

const client = new Openid4vciClient({
  callbacks: {
    fetch,
    hash: (data, alg) => createHash(alg.replace("-", "")).update(data).digest(),
    generateRandom: (length) => randomBytes(length),
    clientAuthentication: clientAuthenticationAnonymous(),
    signJwt: async (_, { header, payload }) => {
      const said = `${encoded(header)}.${encoded(payload)}`;
      const how = { name: "ECDSA", hash: "SHA-256" };
      const signature = await webcrypto.subtle.sign(how, pair.privateKey, Buffer.from(said));
      return { jwt: `${said}.${Buffer.from(signature).toString("base64url")}`, signerJwk: publicJwk };
    },
  },
});

const credentialOffer = await client.resolveCredentialOffer(offer);
const issuerMetadata = await client.resolveIssuerMetadata(credentialOffer.credential_issuer);
const { accessTokenResponse } = await client.retrievePreAuthorizedCodeAccessTokenFromOffer({
  credentialOffer,
  issuerMetadata,
  txCode,
});
const [credentialConfigurationId] = credentialOffer.credential_configuration_ids;
const { c_nonce: nonce } = await client.requestNonce({ issuerMetadata });
const { jwt } = await client.createCredentialRequestJwtProof({
  issuerMetadata,
  credentialConfigurationId,
  issuedAt: new Date(Number(now) * 1000),
  nonce,
  signer: { method: "jwk", alg: "ES256", publicJwk },
});
const { credentialResponse } = await client.retrieveCredentials({
  issuerMetadata,
  accessToken: accessTokenResponse.access_token,
  credentialConfigurationId,
  proofs: { jwt: [jwt] },
});
const [{ credential }] = credentialResponse.credentials;
console.log(JSON.stringify({ issuer: issuerMetadata.credentialIssuer.credential_issuer, credential, key: publicJwk }));
