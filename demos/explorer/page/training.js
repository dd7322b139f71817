import { ask } from "./explorer.js";
