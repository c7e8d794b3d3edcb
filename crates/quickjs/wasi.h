/* Included before each C file that is compiled for WASI: QuickJS checks no stack there, and deep recursion would end the
   whole module. Its build, and no other, defines EMSCRIPTEN. */
#ifdef EMSCRIPTEN
#undef __wasi__
#endif
