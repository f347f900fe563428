extension PixelScaling {
    init(_ format: InputFormat) {
        var gain: InlineArray<3, Float> = [0, 0, 0], bias: InlineArray<3, Float> = [0, 0, 0]
        for channel in 0..<3 {
            gain[channel] = format.scale / format.standardDeviation[channel]
            bias[channel] = -format.mean[channel] / format.standardDeviation[channel]
        }
        self.init(gain: gain, bias: bias)
    }
}
