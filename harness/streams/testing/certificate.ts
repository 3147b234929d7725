/**
 * A self-signed certificate for localhost and 127.0.0.1, and its key: for tests alone, trusted by nobody. Made with
 * `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500
 * -subj '/CN=hydrotest test server' -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1'`.
 */
export const certificate = {
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgadaI2XhL9uWdoggB
CZovU6Vs3W9T7gIxfSVoVsolBu6hRANCAARgipZMtI7jG2X9y2aSWULkZ+ZCCJmj
enS9BQFiWnRiDhJs3DaJZE3a6voOLbbJCePn+f3H3/OI1iZMbUa637VS
-----END PRIVATE KEY-----`,
  cert: `-----BEGIN CERTIFICATE-----
MIIBtDCCAVmgAwIBAgIUBU1gwOnlnzb2KiaYyiQCL4Bqe/8wCgYIKoZIzj0EAwIw
IDEeMBwGA1UEAwwVaHlkcm90ZXN0IHRlc3Qgc2VydmVyMCAXDTI2MTEyMzIwNTkx
MloYDzIxMjYxMDMwMjA1OTEyWjAgMR4wHAYDVQQDDBVoeWRyb3Rlc3QgdGVzdCBz
ZXJ2ZXIwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARgipZMtI7jG2X9y2aSWULk
Z+ZCCJmjenS9BQFiWnRiDhJs3DaJZE3a6voOLbbJCePn+f3H3/OI1iZMbUa637VS
o28wbTAdBgNVHQ4EFgQUkmCvyvqHDvTRaYeWYTX95AXrHTQwHwYDVR0jBBgwFoAU
kmCvyvqHDvTRaYeWYTX95AXrHTQwDwYDVR0TAQH/BAUwAwEB/zAaBgNVHREEEzAR
gglsb2NhbGhvc3SHBH8AAAEwCgYIKoZIzj0EAwIDSQAwRgIhAKTRyU91CMopR8Ud
r38p2Yk+c9zgf3murolDHmrKCgnFAiEA8NXOLdGGerOVNrN3J0VsQqvTdHFES0rI
zIalT6Us6/Y=
-----END CERTIFICATE-----`,
};
