// Package board is what all boards have in common, so that a board's own main.go
// says only what is different there: its pins, its sensor and its network.
//
//	board.Main(board.Config{
//		Board:    "esp32c3",
//		Settings: board.Settings{SSID: ssid, Password: password, Key: key, Host: host, Auth: auth, Name: name},
//		Wifi:     &board.Station{Join: joinAccessPoint},
//		LED:      led,
//		Sensor:   sensor,
//	})
//
// It checks the settings that the linker gave, joins the Wi-Fi network and
// joins it again when it is lost, runs the application, shows on the LED how
// far it is, feeds the watchdog, and prints what happens.
package board
