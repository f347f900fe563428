import CKernels
import Kernels

// Kernels that make each value of one.

extension KernelChecks {
    static func activate(_ operands: inout Operands, _ check: inout Check) {
        let rows = operands.integer(1...20), channels = operands.integer(1...40)
        let ldi = channels + operands.integer(0...2), ldo = channels + operands.integer(0...2)
        let x = operands.values((rows - 1) * ldi + channels, scale: 6), y = operands.output((rows - 1) * ldo + channels)
        let activation = anyActivation(operands.integer(0...100))
        f32_activate__scalar(rows, channels, x.base, ldi, activation, y.base, ldo)
        for index in y.elements.indices {
            let (row, c) = (index / ldo, index % ldo)
            if c < channels {
                check.expectClose(
                    y.elements[index], activated(x[row * ldi + c], activation), "activation \(activation.rawValue)")
            } else {
                check.expect(y.elements[index].isNaN, "an activation writes between rows")
            }
        }
    }

    static func multiply(_ operands: inout Operands, _ check: inout Check) {
        let rows = operands.integer(1...20), channels = operands.integer(1...40)
        let ldi = channels + operands.integer(0...2), ldo = channels + operands.integer(0...2)
        let x = operands.values((rows - 1) * ldi + channels, scale: 6), factors = operands.values(channels)
        let y = operands.output((rows - 1) * ldo + channels)
        f32_multiply__scalar(rows, channels, x.base, ldi, factors.base, y.base, ldo)
        for index in y.elements.indices {
            let (row, c) = (index / ldo, index % ldo)
            if c < channels {
                check.expectClose(y.elements[index], x[row * ldi + c] * factors[c], "multiply \(rows)x\(channels)")
            } else {
                check.expect(y.elements[index].isNaN, "multiply writes between rows")
            }
        }
    }
}

extension HalfKernelChecks {
    func activate(_ operands: inout Operands, _ check: inout Check) {
        let rows = operands.integer(1...20), channels = operands.integer(1...40)
        let ldi = channels + operands.integer(0...2), ldo = channels + operands.integer(0...2)
        let x = operands.halves((rows - 1) * ldi + channels, scale: 6), y = operands.halfOutput((rows - 1) * ldo + channels)
        let activation = anyActivation(operands.integer(0...100))
        kernels.activate(rows, channels, x.base, ldi, activation, y.base, ldo)
        for index in y.elements.indices {
            let (row, c) = (index / ldo, index % ldo)
            if c < channels {
                expect(y[index], activated(x[row * ldi + c], activation), &check, "activation \(activation.rawValue)")
            } else {
                check.expect(y[index].isNaN, "\(name) activation writes between rows")
            }
        }
    }
}

extension Int8ReferenceChecks {
    static func lookup(_ operands: inout Int8Operands, _ check: inout Check) {
        let rows = operands.integer(1...20), channels = operands.integer(1...40)
        let ldi = channels + operands.integer(0...2), ldo = channels + operands.integer(0...2)
        let x = operands.values((rows - 1) * ldi + channels, .any), isShared = operands.happens(oneIn: 2)
        let tables = operands.values(isShared ? 256 : 256 * channels, .any), y = operands.output((rows - 1) * ldo + channels)
        scalar.lookup(rows, channels, x.base, ldi, tables.base, isShared ? 0 : 256, y.base, ldo)
        for index in y.elements.indices {
            let (row, c) = (index / ldo, index % ldo)
            // Entries go up from the least stored value.
            let entry = c < channels ? Int(x.elements[row * ldi + c]) - Int(Int8.min) : 0
            let expected = c < channels ? tables.elements[isShared ? entry : 256 * c + entry] : 0x55
            check.expect(y.elements[index] == expected, "look-up \(rows)x\(channels)")
        }
    }
}

extension Int8KernelChecks {
    func lookup(
        _ kernels: ck_qs8_kernels, _ path: KernelPath, _ operands: inout Int8Operands, _ check: inout Check
    ) {
        let rows = operands.integer(1...20), channels = operands.integer(1...70), ld = channels + operands.integer(0...3)
        let count = (rows - 1) * ld + channels, stride = operands.happens(oneIn: 2) ? 0 : 256
        let x = operands.values(count, operands.kind()), tables = operands.values(stride == 0 ? 256 : 256 * channels, .any)
        let found = operands.output(count), expected = operands.output(count)
        for (table, y) in [(kernels, found), (scalar, expected)] {
            table.lookup(rows, channels, x.base, ld, tables.base, stride, y.base, ld)
        }
        expectEqual(found, expected, path, &check, "look-up \(rows)x\(channels)")
    }
}
