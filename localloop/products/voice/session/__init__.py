"""What listens to a call beside its document, or is connected to it: streams, SIPREC sessions, transcriptions …"""
