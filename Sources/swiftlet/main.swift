import CLinux
import Service
print("args \(clinux_argument_count()) \(String(cString: clinux_argument_values()[0]!))")
