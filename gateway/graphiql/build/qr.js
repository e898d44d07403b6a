// The decoder alone, without the maker of codes.
export { decodeQR as default } from "qr/decode.js";
