/** Vite makes a file of it, which is loaded with the module that imports it. */
declare module "*.css";
