// Signed manifests as distribution 2.8.2 served them, byte for byte; libtrust signed them with a key that is lost.

export interface LibtrustDocument {
  readonly name: string;
  readonly text: string;
  /** Of the payload: what the registry called it. */
  readonly digest: string;
}

export const INDENTED: LibtrustDocument = {
  name: "indented",
  digest: "sha256:b1570ce208f4688fbbc646f75c30dcc81ff09e0bb2c9c8e474a2eb0a9268403d",
  text: String.raw`{
   "name": "a/s1",
   "tag": "t0",
   "architecture": "amd64",
   "fsLayers": [
      {
         "blobSum": "sha256:16f713da07fd67a9d7fcce10a857a9477cea3c5117e289d86e6c208cd3a562b3"
      },
      {
         "blobSum": "sha256:16f713da07fd67a9d7fcce10a857a9477cea3c5117e289d86e6c208cd3a562b3"
      }
   ],
   "history": [
      {
         "v1Compatibility": "{\"id\":\"x\"}"
      },
      {
         "v1Compatibility": "{\"id\":\"x\"}"
      }
   ],
   "schemaVersion": 1,
   "signatures": [
      {
         "header": {
            "jwk": {
               "crv": "P-256",
               "kid": "6TWR:M6F5:DOCA:E2T3:Q3KQ:LYAA:RTIF:RGSL:SG4P:AZQ4:UTOJ:G75C",
               "kty": "EC",
               "x": "XFmDzANjP-4GOvzzwiJbeZUl_6XJ7dxOy4uNt-omgrk",
               "y": "mv6TsFQY5ODJmChleVi32p_YzYnNZ0iYVx0R_VGFjas"
            },
            "alg": "ES256"
         },
         "signature": "QG4-x3WfesL42cKLHKInl7qdSTWuZabG4L4Bm0j52Et1IPxMIuvOqcE7miiiQLg5mQ7bpCqM5j7b87ciNptVhQ",
         "protected": "eyJmb3JtYXRMZW5ndGgiOjQ3NSwiZm9ybWF0VGFpbCI6IkNuMCIsInRpbWUiOiIyMDI2LTExLTIxVDE3OjMwOjQ3WiJ9"
      }
   ]
}`,
};

export const COMPACT: LibtrustDocument = {
  name: "on one line",
  digest: "sha256:61aaa9e8f5db1e7affa8ce74b692000b07a8f67f3cd0d61adb1dfe44301f8418",
  text: String.raw`{"name":"a/s1","tag":"t0","architecture":"amd64","fsLayers":[{"blobSum":"sha256:16f713da07fd67a9d7fcce10a857a9477cea3c5117e289d86e6c208cd3a562b3"}],"history":[{"v1Compatibility":"{\"architecture\":\"amd64\",\"config\":{\"Cmd\":[\"/bin/sh\"],\"Labels\":{\"ref\":\"t0\"}},\"created\":\"2020-01-01T00:00:00Z\",\"id\":\"687b28c124df691f2a7f559c70b8da9ed2741f1ddf284a084c2059d28823dd70\",\"os\":\"linux\"}"}],"schemaVersion":1,"signatures":[{"header":{"jwk":{"crv":"P-256","kid":"6TWR:M6F5:DOCA:E2T3:Q3KQ:LYAA:RTIF:RGSL:SG4P:AZQ4:UTOJ:G75C","kty":"EC","x":"XFmDzANjP-4GOvzzwiJbeZUl_6XJ7dxOy4uNt-omgrk","y":"mv6TsFQY5ODJmChleVi32p_YzYnNZ0iYVx0R_VGFjas"},"alg":"ES256"},"signature":"dikVOJcGEsR01GLhla6mLjYmobMzV2Im-F8Ap_rEtjJwzRp6Fo0VghoLY9ilwniSw760qyAZmL8StjkGcbdCWA","protected":"eyJmb3JtYXRMZW5ndGgiOjQyMSwiZm9ybWF0VGFpbCI6ImZRIiwidGltZSI6IjIwMjYtMTEtMjFUMTc6MzI6MzRaIn0"}]}`,
};
