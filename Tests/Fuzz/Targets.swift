/// Every target, in the order in which `toolchains/fuzz` begins them.
var allTargets: [any FuzzTarget.Type] {
    [
        JPEGTarget.self,
        ChangingJPEGTarget.self,
        ClientLineTarget.self,
        SplitterTarget.self,
        ModelTarget.self,
        CameraTarget.self,
        DriverTarget.self,
        ConverterTarget.self,
        PickleTarget.self,
        CheckpointTarget.self,
        SafetensorsTarget.self,
        DaemonLineTarget.self,
        ConfigurationTarget.self,
        BoardTarget.self,
        AnnotationsTarget.self,
        LabelsTarget.self,
        MaskTarget.self,
    ]
}
