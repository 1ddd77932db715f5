//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// sensors are where the kernel shows temperatures, the best first: a DS18B20 on
// the 1-Wire bus measures the room, the others the machine.
var sensors = []string{
	"/sys/bus/w1/devices/28-*/temperature",
	"/sys/class/thermal/thermal_zone*/temp",
	"/sys/class/hwmon/hwmon*/temp*_input",
}

// sensor is a file that holds thousandths of a degree Celsius.
type sensor string

// findSensor takes the first file that matches a pattern, or that the system
// has.
func findSensor(pattern string) (sensor, error) {
	patterns := sensors
	if pattern != "" {
		patterns = []string{pattern}
	}
	for _, p := range patterns {
		files, err := filepath.Glob(p)
		if err != nil {
			return "", fmt.Errorf("-sensor %s is no pattern: %w", p, err)
		}
		if len(files) > 0 {
			return sensor(files[0]), nil
		}
	}
	if pattern != "" {
		return "", fmt.Errorf("-sensor: there is no file %s", pattern)
	}
	return "", errors.New("this system shows no temperature: give -sensor a file that holds thousandths of a degree Celsius")
}

func (s sensor) ReadTemperature() (int32, error) {
	text, err := os.ReadFile(string(s))
	if err != nil {
		return 0, err
	}
	milli, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 32)
	if err != nil {
		return 0, fmt.Errorf("%s holds no temperature", string(s))
	}
	return int32(milli), nil
}
