// Command firmwaresize measures what the client takes on a board, under TinyGo,
// and compares it with the README:
//
//	go run ./server/internal/firmwaresize                   # compares, and says what differs
//	go run ./server/internal/firmwaresize -write README.md  # writes it
//
// Flash and static memory are what the linker gives to the programs below
// firmware/size, which share a network of which the compiler can foresee
// nothing. Heap and stack are what firmware/size/measured finds about itself in
// QEMU, on the network of "thimble bridge", with a broker here.
package main
